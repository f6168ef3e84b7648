"""The rules of the product as pure functions of plain values, without database, network and clock."""
