"""What the module that stands for a reactor is made of."""
