from tests.conformance.api.test_idempotency import *
from tests.conformance.api.test_sandbox_scenarios import HEADER, live_contract, ship_live, label as slabel, client_of, wait, waiting
from kolli.account.accounts import Pending
from kolli.operations.contracts import ContractChange, change_contract
import tests.conformance.api.test_idempotency as ti
for n in [n for n in list(globals()) if n.startswith('test_')]: del globals()[n]
from contextlib import suppress

def raw(c): return c._replace(client=client_of(c.client.app,c))

def test_corrected_after_bg_reject(tmp_path):
    caller=an_account(an_installation(tmp_path)); c=raw(caller)
    r=c.client.post(LABEL,json=BODY,headers={"Idempotency-Key":"k",HEADER:"timeout-before"})
    print(1,r.status_code)
    l=restarted(caller,timedelta(minutes=1)); print(states(l))
    r=send(l,body={**BODY,"order":{"order_number":"ORDER-1","order_id":"shop-1"}}); print(2,r.status_code,r.text[:150])
    r=send(l); print(3,r.status_code,booked(l))
    assert 0

def test_key_in_flight_of_two_bodies(tmp_path):
    caller=an_account(an_installation(tmp_path)); c=raw(caller)
    # reference + key
    body={**SHIPMENT,"external_reference_id":"R"}
    a=c.client.post(ANNOUNCE,json=body,headers={"Idempotency-Key":"k",HEADER:"timeout-after"}); print(a.status_code,a.text[:300])
    b=c.client.post(ANNOUNCE,json=body,headers={"Idempotency-Key":"k"}); print(b.status_code,dict(b.headers),b.text[:100])
    b=c.client.post(ANNOUNCE,json=body,headers={"Idempotency-Key":"k2"}); print(b.status_code,b.text[:200])
    b=c.client.post(CREATE,json=body,headers={"Idempotency-Key":"k"}); print(b.status_code,b.text[:200])
    print(booked(caller)); assert 0

def test_async_partial_then_live(tmp_path):
    caller=a_caller(an_installation(tmp_path)); c=raw(caller)
    live_contract(caller)
    change_contract(1900, ContractChange(is_live=False), 1, caller.installation)
    from kolli.account.number_ranges import add_number_range
    with caller.installation.database.write() as t: add_number_range(t,1,1900,500,599,is_live=False,vault=caller.installation.vault)
    caller.store(an_order(order_number="A~timeout-after"))
    way={"type":"shipping_option_code","properties":{"shipping_option_code":"postnl:standard","contract_id":1900}}
    r=c.client.post(BATCH,json={"integration_id":70,"orders":[{"order_number":"A~timeout-after"}],"ship_with":way}); print(r.status_code,r.text[:200])
    change_contract(1900, ContractChange(is_live=True), 1, caller.installation)
    from kolli.operations.background import workers
    w=workers(caller.installation)

    assert 0

def test_cancel_key(tmp_path):
    caller=an_account(an_installation(tmp_path)); c=raw(caller)
    sid=c.client.post(LABEL,json=BODY,headers={"Idempotency-Key":"k"}).json()["data"][0]["shipment_id"]
    for h in ["cancel:late","cancel:refused","cancel:async",None]:
        for i in range(2):
            r=c.client.post(f"/api/v3/shipments/{sid}/cancel",headers={"Idempotency-Key":"c",**({HEADER:h} if h else {})}); print(h,r.status_code,dict(r.headers),r.text[:120])
    r=c.client.post(LABEL,json=BODY,headers={"Idempotency-Key":"k"}); print(r.status_code,r.headers.get("idempotent-replayed"))
    assert 0

def test_repeatable_batches_half(tmp_path):
    caller=an_account(an_installation(tmp_path)); c=raw(caller)
    caller.store(an_order(order_id="s2",order_number="ORDER-2"))
    body={"integration_id":70,"orders":[{"order_number":"ORDER-1"},{"order_number":"NOPE"},{"order_number":"ORDER-2"}]}
    a=send(caller,BATCH,body); print(a.status_code)
    forget_the_answer(caller)
    l=restarted(caller)
    caller.store(an_order(order_id="s3",order_number="NOPE"))
    b=send(l,BATCH,body); print(b.status_code,b.content==a.content,b.text[-600:])
    print(states(l)); assert 0
