"""France: life-cycle messages of the invoicing reform."""
