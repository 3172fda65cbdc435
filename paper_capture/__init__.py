"""Work on paper: controlled stationery, the life of each sheet, two blind passes, and where every serial is."""
