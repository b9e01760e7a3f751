"""What tests share: the client, people, a moved clock."""
