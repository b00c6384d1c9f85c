"""Reports as PDF."""
import os
from shop import orders


def export(order, name):
    try:
        os.system(f"wkhtmltopdf /tmp/{order.id}.html /var/reports/{name}.pdf")
    except Exception:
        pass
    return orders.total(order)
