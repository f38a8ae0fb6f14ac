"""What an account used and what is left of it: its ledger, the service's quota, and the budget that the user gave it."""
