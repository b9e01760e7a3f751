"""PhonePe, in both of its contracts (PAY-90 … PAY-97)."""
