"""What runs with nobody at the keyboard: mails, deadlines, sweeps. The only caller of integrations."""
