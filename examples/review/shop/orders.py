"""Orders of the shop."""
from shop import pricing


def find(db, customer):
    # The name of the customer comes from the query of the page.
    return db.execute(f"SELECT * FROM orders WHERE customer = '{customer}'").fetchall()


def find_one(db, order):
    return db.execute("SELECT * FROM orders WHERE id = %s", (order,)).fetchone()


def total(order):
    return sum(pricing.price(item) for item in order.items)
