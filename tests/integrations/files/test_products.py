"""Products as shops export them: a row for each variant, units in the headers, decimals without a leading zero."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from opsdesk.domain.incoming.arrivals import IncomingProduct, Rejection
from opsdesk.integrations.files.product_formats import open_products
from opsdesk.integrations.files.shops import Reading
from tests.integrations.files.samples import written

READING = Reading("", ZoneInfo("UTC"), datetime(2026, 11, 24, tzinfo=UTC), "EUR")

SHOPIFY = """\
Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Grams,Variant Inventory Qty,Variant Price,Variant Barcode,Image Src,Status
oil,Olive oil,<p>Good</p>,Example,Food,"oil, greek",true,Size,0.5 l,OIL-05,620,12,9.95,'4006381333931,https://img.example/1.png,active
oil,,,,,,,,1 l,OIL-10,1200,-3,17.50,,,
oil,,,,,,,,,,,,,,https://img.example/2.png,
ice,Ice cream,,Example,Frozen,summer,true,Title,Default Title,ICE,500,7,4,,,draft
bad,Bad,,Example,,,true,Title,Default Title,BAD,1,1,"4,50",,,active
none,No number,,Example,,,true,Title,Default Title,,1,1,4.50,,,active
"""
WOO_TABLE = """\
ID,Type,SKU,Name,Published,"Is featured?",Tags,"Weight (lbs)",Stock,"Sale price","Regular price",Parent,"Attribute 1 name","Attribute 1 value(s)","Meta: _x"
1,"simple, downloadable, virtual",EBOOK,Recipes,1,0,,,,,.5,,,,
2,variable,TEE,T-shirt,1,0,,,,,,,Size,"S, M",
3,variation,TEE-S,"T-shirt - S",1,0,,.5,3.5,7.99,9.99,TEE,Size,S,
4,simple,FISH,Fish,-1,0,"fresh, chilled",2,parent,,12.00,,,,
5,simple,,Nameless,1,0,,,,,1,,,,
"""
WOO_JSON = [
    {"id": 10, "name": "Cable", "type": "simple", "status": "publish", "sku": "CAB", "price": "9.99",
     "regular_price": "11.99", "stock_quantity": 4, "weight": "0.25", "attributes": [], "tags": [], "categories": []},
    {"id": 11, "name": "Shirt", "type": "variable", "status": "publish", "sku": "SH", "price": "", "regular_price": ""},
    {"id": 12, "name": "Peas", "type": "simple", "status": "draft", "sku": "PEA", "price": "", "regular_price": "2.005",
     "stock_quantity": None, "weight": "", "categories": [{"id": 1, "name": "Frozen food"}]},
    {"id": 13, "name": "Odd", "type": "simple", "status": "publish", "sku": "ODD", "price": [], "regular_price": "1"},
]  # fmt: skip


def read(folder: Path, text: str, named: str = "") -> tuple[str, list[IncomingProduct], list[Rejection]]:
    with open_products(written(folder, "products", text), READING, named=named) as file:
        records = list(file.products())
    good = [record for record in records if isinstance(record, IncomingProduct)]
    return file.format, good, [record for record in records if isinstance(record, Rejection)]


def test_variants_of_shopify_take_the_title_from_the_first_row(tmp_path: Path) -> None:
    kind, good, refused = read(tmp_path, SHOPIFY)
    assert kind == "shopify-csv"
    assert [(product.sku, product.title, product.variant, product.price_minor) for product in good] == [
        ("OIL-05", "Olive oil", "0.5 l", 995),
        ("OIL-10", "Olive oil", "1 l", 1_750),
        ("ICE", "Ice cream", "", 400),
    ]
    assert (good[0].ean, good[0].weight_g, good[0].stock, good[1].stock) == ("4006381333931", 620, 12, -3)
    assert (good[2].temperature, good[2].is_active) == ("frozen", False)
    assert [(refusal.line, refusal.field) for refusal in refused] == [(6, "Variant Price"), (7, "sku")]


def test_the_table_of_woocommerce_with_its_units_and_its_kinds(tmp_path: Path) -> None:
    kind, good, refused = read(tmp_path, WOO_TABLE)
    assert kind == "woocommerce-csv"
    assert [(product.sku, product.title, product.variant, product.price_minor) for product in good] == [
        ("EBOOK", "Recipes", "", 50),
        ("TEE-S", "T-shirt", "S", 799),
        ("FISH", "Fish", "", 1_200),
    ]
    assert [(product.weight_g, product.stock) for product in good] == [(None, None), (227, 3), (907, None)]
    assert (good[2].temperature, good[2].is_active) == ("chilled", False)
    assert [(refusal.line, refusal.field) for refusal in refused] == [(6, "sku")]


@pytest.mark.parametrize("wrap", [lambda found: found, lambda found: {"products": found}], ids=["array", "wrapped"])
def test_products_of_woocommerces_interface(tmp_path: Path, wrap: object) -> None:
    kind, good, refused = read(tmp_path, json.dumps(wrap(WOO_JSON)))  # type: ignore[operator]
    assert kind == "woocommerce-json"
    assert [(product.sku, product.price_minor, product.weight_g, product.stock) for product in good] == [
        ("CAB", 999, 250, 4),
        ("PEA", 201, None, None),
    ]
    assert (good[1].temperature, good[1].is_active) == ("frozen", False)
    assert [refusal.field for refusal in refused] == ["price"]
