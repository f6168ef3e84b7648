"""The product beside Kannel and Jasmin: `python3 dev.py bench peers [seconds] [rounds]`."""
