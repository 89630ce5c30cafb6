"""What is read of mails."""
