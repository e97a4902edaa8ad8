"""Services of Windows, as somebody who installs them sees them."""
