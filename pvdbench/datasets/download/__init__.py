"""Published archives: downloaded, checked and unpacked."""
