# Home Assistant puts probatio in the place of voluptuous and annotates with its types.
from probatio import *
