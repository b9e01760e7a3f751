"""What people are told about what they bought: receipts, refunds, invoices, begins and ends; what staff must see."""
