"""What belongs to an account: the account itself, its keys, integrations, sender addresses, brands and contracts."""
