"""What programs ask and tell under `/api/v1`: declared once, served, checked and described from that. Knows no feature."""
