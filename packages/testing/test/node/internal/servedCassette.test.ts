import { assert, describe, it } from "@effect/vitest"
import type { Interaction } from "../../../src/cassette/Interaction.ts"
import * as ServedCassette from "../../../src/node/internal/servedCassette.ts"
import type { ReceivedRequest } from "../../../src/node/ReceivedRequest.ts"

const pace = { latency: 5, writeDelay: 7, chunking: { events: 1 } } as const

const request: ReceivedRequest = {
  method: "GET",
  path: "/v1/stream",
  query: "",
  headers: {},
  body: "",
  json: undefined
}

const interaction = (times: readonly [head?: number, first?: number, second?: number]): Interaction => {
  const after = (millis: number | undefined) => (millis === undefined ? {} : { after: millis })
  return {
    request: { method: "GET", origin: "http://127.0.0.1", path: "/v1/stream", headers: {} },
    response: {
      status: 200,
      ...after(times[0]),
      headers: { "content-type": "text/event-stream" },
      body: {
        events: [
          { data: "1", ...after(times[1]) },
          { data: "2", ...after(times[2]) }
        ]
      }
    }
  }
}

/** The milliseconds before the head, and before each write. */
const delaysOf = (recorded: Interaction, timing?: ServedCassette.ServedCassette["timing"]) => {
  const served = ServedCassette.make({ name: "timed", interactions: [recorded], timing }, pace).respond(request)
  if (!("plan" in served)) return assert.fail("the request is not in the cassette")
  return [served.plan.start, served.plan.writeDelays ?? served.plan.writeDelay]
}

describe("servedCassette", () => {
  it("delivers at the pace of the server by default", () => {
    assert.deepStrictEqual(delaysOf(interaction([100, 20, 300])), [5, 7])
  })

  it("delivers at the recorded times", () => {
    assert.deepStrictEqual(delaysOf(interaction([100, 20, 300]), "real"), [105, [20, 300]])
  })

  it("scales the recorded times", () => {
    assert.deepStrictEqual(delaysOf(interaction([100, 20, 300]), { scale: 0.5 }), [55, [10, 150]])
  })

  it("delivers a recording without times at the pace of the server", () => {
    assert.deepStrictEqual(delaysOf(interaction([]), "real"), [5, 7])
  })
})
