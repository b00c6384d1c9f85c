/** The faults of `Fault` at a virtual host: each has an outcome for a whole response and for a stream. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Random, Stream } from "effect"
import * as Fault from "../../src/Fault.ts"
import { runVirtual } from "../../src/internal/simulator/virtualTime.ts"
import * as FaultScript from "../../src/simulator/FaultScript.ts"
import * as VirtualHost from "../../src/simulator/VirtualHost.ts"

const request = {
  model: "kimi-k3",
  messages: [{ role: "user" as const, content: "Hi" }],
  max_completion_tokens: 10_000
}

const error = { message: "out of order" }

interface Row {
  readonly fault: Fault.Fault
  readonly chat: string
  readonly stream: string
}

const row = (fault: Fault.Fault, chat: string, stream: string = chat): Row => ({ fault, chat, stream })

const rows: { readonly [Name in Fault.Fault["_tag"]]: Row } = {
  ConnectFailure: row(Fault.ConnectFailure({ reason: "tls" }), "TlsError"),
  ResetBeforeHeaders: row(Fault.ResetBeforeHeaders(), "ConnectionLostError"),
  StallBeforeHeaders: row(Fault.StallBeforeHeaders(), "Pending"),
  SlowHeaders: row(Fault.SlowHeaders({ delay: 20 }), "Success"),
  ResetMidBody: row(Fault.ResetMidBody({ afterBytes: 9 }), "ConnectionLostError", "StreamInterruptedError"),
  StallMidBody: row(Fault.StallMidBody({ afterBytes: 9 }), "Pending"),
  SlowBody: row(Fault.SlowBody({ delay: 20 }), "Success"),
  TruncatedBody: row(Fault.TruncatedBody({ afterBytes: 9 }), "ConnectionLostError", "StreamInterruptedError"),
  EmptyBody: row(Fault.EmptyBody(), "InvalidResponseError", "StreamTruncatedError"),
  WrongContentType: row(Fault.WrongContentType(), "InvalidResponseError"),
  MalformedJson: row(Fault.MalformedJson(), "InvalidResponseError"),
  HugeBody: row(Fault.HugeBody({ bytes: 9, contentLength: true }), "ResponseTooLargeError"),
  Redirect: row(Fault.Redirect({ status: 308, location: "https://h.example" }), "RedirectError"),
  ResetMidStream: row(Fault.ResetMidStream({ afterEvents: 3 }), "ConnectionLostError", "StreamInterruptedError"),
  StallMidStream: row(Fault.StallMidStream({ afterEvents: 3 }), "Pending"),
  SlowEvents: row(Fault.SlowEvents({ interval: 20 }), "Success"),
  TruncatedStream: row(Fault.TruncatedStream({ afterEvents: 3 }), "Success", "StreamTruncatedError"),
  KeepAlive: row(Fault.KeepAlive({ afterEvents: 3, interval: 20 }), "Pending"),
  HugeEvent: row(Fault.HugeEvent({ afterEvents: 3, bytes: 9 }), "InvalidResponseError", "EventTooLargeError"),
  CorruptEvent: row(Fault.CorruptEvent({ afterEvents: 3 }), "Success", "StreamDecodeError"),
  JoinedEvents: row(Fault.JoinedEvents({ afterEvents: 3 }), "Success", "StreamDecodeError"),
  ErrorInStream: row(Fault.ErrorInStream({ afterEvents: 3, error }), "InvalidResponseError", "StreamFailedError")
}

const outcomeOf = (fault: Fault.Fault, isStream: boolean, rate = 1, others: ReadonlyArray<FaultScript.Fault> = []) =>
  runVirtual(
    0,
    Effect.gen(function* () {
      const faults = [FaultScript.BadConnections({ after: 0, duration: "1 hour", rate, fault }), ...others]
      const { transport } = yield* VirtualHost.make({}, faults)
      const call: Effect.Effect<unknown, { readonly _tag: string }> = isStream
        ? Stream.runDrain(transport.stream(request))
        : transport.chat(request)
      const exit = yield* Effect.exit(Effect.timeoutOption(Effect.flip(call), "1 hour"))
      if (Exit.isFailure(exit)) return "Success"
      return exit.value._tag === "None" ? "Pending" : exit.value.value._tag
    })
  ).pipe(Random.withSeed(1))

describe("a virtual host with bad connections", () => {
  for (const [name, { chat, fault, stream }] of Object.entries(rows)) {
    it.effect(`has an outcome of a chat for ${name}`, () =>
      Effect.map(outcomeOf(fault, false), (outcome) => assert.strictEqual(outcome, chat))
    )

    it.effect(`has an outcome of a stream for ${name}`, () =>
      Effect.map(outcomeOf(fault, true), (outcome) => assert.strictEqual(outcome, stream))
    )
  }

  for (const fault of [
    Fault.TruncatedStream({ afterEvents: 0 }),
    Fault.CorruptEvent({ afterEvents: 0 }),
    Fault.JoinedEvents({ afterEvents: 0 })
  ]) {
    it.effect(`damages the only event of a chat by ${fault._tag}`, () =>
      Effect.map(outcomeOf(fault, false), (outcome) => assert.strictEqual(outcome, "InvalidResponseError"))
    )
  }

  it.effect("spares attempts beyond the rate", () =>
    Effect.map(outcomeOf(Fault.EmptyBody(), false, 0), (outcome) => assert.strictEqual(outcome, "Success"))
  )

  it.effect("loses a stream in an outage that comes before its fault", () =>
    Effect.gen(function* () {
      const outage = FaultScript.Outage({ after: 1, duration: "1 hour", mode: "refuse" })
      const fault = Fault.TruncatedStream({ afterEvents: 3 })
      assert.strictEqual(yield* outcomeOf(fault, true, 1, [outage]), "ConnectionLostError")
    })
  )

  it("rejects a rate that is no ratio", () => {
    const fault = FaultScript.BadConnections({ after: 0, duration: "1 hour", rate: 2, fault: Fault.EmptyBody() })
    assert.deepStrictEqual(FaultScript.issueOf(fault), ["rate", "a ratio from 0 to 1"])
  })
})
