"""What an attacker would try. Each test is named in `docs/security.md`, beside the point that it holds."""
