"""Paper: where everything stands on a page, what its codes say, and how it becomes a PDF."""
