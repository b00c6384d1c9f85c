import { assert, describe, it } from "@effect/vitest"
import * as shipped from "../src/index.ts"

// A name that goes breaks callers: it needs a changeset that says so.
const expected: Record<string, ReadonlyArray<string>> = {
  Fault: [
    "CorruptEvent",
    "EmptyBody",
    "ErrorInStream",
    "HugeBody",
    "HugeEvent",
    "JoinedEvents",
    "KeepAlive",
    "Redirect",
    "ResetBeforeHeaders",
    "ResetMidBody",
    "ResetMidStream",
    "SlowBody",
    "SlowEvents",
    "SlowHeaders",
    "StallBeforeHeaders",
    "StallMidBody",
    "StallMidStream",
    "Truncated",
    "TruncatedBody",
    "UndecodableJson",
    "WrongType"
  ],
  FaultScript: [
    "BrownOut",
    "Outage",
    "RateLimitStorm",
    "SlowPeriod",
    "conditionsAt",
    "outageWithin",
    "periodsOf",
    "problemOf"
  ],
  Scenarios: ["roughDay"],
  VirtualHost: ["defaults", "make", "problemsOf"],
  Simulator: ["run", "toHtml", "toTable"],
  Fixtures: [
    "Exchange",
    "exchange",
    "exchangeNames",
    "sse",
    "sseNames",
    "synthetic",
    "syntheticNames",
    "syntheticStream"
  ],
  MockKimiClient: ["MockKimiClient", "layerMock", "response"],
  MockServer: ["MockServer", "layer", "make"],
  Reply: [
    "answer",
    "completion",
    "error",
    "errorNames",
    "errorTable",
    "faulty",
    "fromExchange",
    "html",
    "json",
    "kimiHeaders",
    "sse",
    "text",
    "usual",
    "withFault"
  ]
}

describe("the package", () => {
  it("exports these names and no others", () => {
    const names = Object.entries(shipped).map(([name, members]) => [name, Object.keys(members).toSorted()])
    assert.deepStrictEqual(Object.fromEntries(names), expected)
  })
})
