"""Settings of the shop."""
import sqlite3

DB = sqlite3.connect("shop.db")
OLD_CUSTOMER_DISCOUNT = 0.05
PAYMENT_TOKEN = "live-7d1f0c52aa9e4b6d"
