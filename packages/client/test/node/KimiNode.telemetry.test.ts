/**
 * One scenario with every kind of outcome and all telemetry on.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Telemetry from "@kimi-effect/core/Telemetry"
import { Effect } from "effect"
import { canaryIn, texts } from "./support/canary.ts"
import { type Attribute, type Span, typesOf } from "./support/collector.ts"
import { everything } from "./support/everything.ts"

type Everything = Effect.Success<ReturnType<typeof everything>>

/** Everything that was emitted, by destination. */
const emitted = ({ audit, collected, errors, events, json, pretty, routes, snapshots }: Everything) => ({
  collector: collected.texts(),
  "log for machines": json,
  "log for people": pretty,
  audit,
  routes,
  errors,
  snapshots,
  reloads: events.flatMap(texts)
})

const assertClean = (all: Readonly<Record<string, ReadonlyArray<string>>>): void => {
  for (const [place, messages] of Object.entries(all)) {
    assert.isAbove(messages.length, 1, place)
    for (const text of messages) {
      const canary = canaryIn(text)
      if (canary === undefined) continue
      const at = text.indexOf(canary)
      assert.fail(`${place} contains ${canary}: ${text.slice(Math.max(0, at - 300), at + 100)}`)
    }
  }
}

const wireTypes: Readonly<Record<Telemetry.Attribute["type"], ReadonlyArray<string>>> = {
  string: ["stringValue"],
  int: ["intValue"],
  // A number without a fraction is sent as a whole one.
  double: ["doubleValue", "intValue"],
  boolean: ["boolValue"],
  "string[]": ["arrayValue"]
}

/** Compares emitted attributes with the documented ones. */
const compare = (
  name: string,
  written: ReadonlyArray<Telemetry.Attribute>,
  seen: ReadonlyArray<ReadonlyArray<Attribute>>,
  /** Of other hosts and requests than those of the scenario. */
  elsewhere: ReadonlyArray<string> = []
): void => {
  const known = new Map(written.map((attribute) => [attribute.name, attribute]))
  const found = new Set<string>()
  for (const attributes of seen) {
    for (const [key, type] of Object.entries(typesOf(attributes))) {
      // What Effect's own exporter adds.
      if (key.startsWith("effect.")) continue
      const attribute = known.get(key)
      if (attribute === undefined) assert.fail(`${name} has ${key}, which is not documented`)
      assert.include(wireTypes[attribute.type], type, `${name}: ${key}`)
      found.add(key)
    }
  }
  assert.sameMembers([...found, ...elsewhere], [...known.keys()], name)
}

const capture = { redact: (text: string) => text.replaceAll("nightingale", "<bird>"), maxLength: 120 }

/** Swarms are tested in a separate file. */
const isOfSwarms = (name: string) => name.startsWith("kimi.swarm.")

const eventsOfCalls = Object.values(Telemetry.spanEvents).filter(({ name }) => !isOfSwarms(name))

const contentNames = new Set(["gen_ai.input.messages", "gen_ai.output.messages"])

const withoutContent = (attributes: ReadonlyArray<Attribute>) => attributes.filter(({ key }) => !contentNames.has(key))

const ofCalls = (spans: ReadonlyArray<Span>) => spans.filter(({ name }) => name.startsWith("chat kimi"))

describe("the telemetry of calls", () => {
  it.live(
    "contains neither key nor prompt nor response by default",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const all = yield* everything()
          assertClean(emitted(all))
          const outcomes = new Set(all.audit.map((line) => `${(JSON.parse(line) as { outcome: string }).outcome}`))
          assert.isAbove(outcomes.size, 25)
          for (const outcome of [
            "ok",
            "interrupted",
            "CircuitOpenError",
            "BudgetExceededError",
            "CacheMissError",
            "InvalidRequestError",
            "StreamInterruptedError"
          ]) {
            assert.include([...outcomes], outcome)
          }
          assert.deepStrictEqual(
            all.events.slice(0, 3).map(({ _tag }) => _tag),
            ["Reloaded", "Rejected", "Reloaded"]
          )
        })
      ),
    { timeout: 60_000 }
  )

  /** The scenario with captured content, which all tests below share. */
  const captured = Effect.runSync(Effect.cached(Effect.scoped(everything(capture))))

  it.live(
    "contains redacted, truncated content on the spans of calls when it is captured",
    () =>
      Effect.gen(function* () {
        const { collected } = yield* captured
        const spans = collected.spans()
        const shown = ofCalls(spans).flatMap(({ attributes }) => attributes.filter(({ key }) => contentNames.has(key)))
        assert.isAbove(shown.length, 50)
        for (const { key, value } of shown) {
          const text = `${value["stringValue"]}`
          // The paid health probe has no other content.
          if (text.includes('"ping"')) continue
          assert.include(text, key === "gen_ai.input.messages" ? "canary prompt" : "canary prompt in the answer")
          assert.notInclude(text, "nightingale")
          assert.notInclude(text, "4be91c07")
          assert.isBelow(text.length, 700)
        }
      }),
    { timeout: 60_000 }
  )

  it.live(
    "contains no content elsewhere when it is captured",
    () =>
      Effect.gen(function* () {
        const all = yield* captured
        const { collected } = all
        const spans = collected.spans()
        assertClean({
          ...emitted(all),
          collector: [
            JSON.stringify(spans.map((span) => ({ ...span, attributes: withoutContent(span.attributes) }))),
            JSON.stringify(collected.metrics()),
            JSON.stringify(collected.lines())
          ]
        })
      }),
    { timeout: 60_000 }
  )

  it.live(
    "has exactly the documented attributes on its spans",
    () =>
      Effect.gen(function* () {
        const { collected } = yield* captured
        const spans = collected.spans()
        const { balance, call, attempt, estimateTokens, health, models, stage } = Telemetry.spans
        compare(
          call.name,
          call.attributes,
          ofCalls(spans).map(({ attributes }) => attributes),
          [
            "gen_ai.request.temperature",
            "gen_ai.request.top_p",
            "gen_ai.request.frequency_penalty",
            "gen_ai.request.presence_penalty",
            "gen_ai.request.choice.count"
          ]
        )
        for (const { attributes, name } of [attempt, stage, models, estimateTokens, balance, health]) {
          compare(
            name,
            attributes,
            spans.filter((span) => span.name === name).map((span) => span.attributes)
          )
        }
      }),
    { timeout: 60_000 }
  )

  it.live(
    "has exactly the documented events on its spans",
    () =>
      Effect.gen(function* () {
        const { collected } = yield* captured
        const spans = collected.spans()
        const { attempt } = Telemetry.spans
        const happened = [...ofCalls(spans), ...spans.filter(({ name }) => name === attempt.name)].flatMap(
          ({ events }) => events
        )
        const ownEvents = happened.filter(({ name }) => name.startsWith("kimi."))
        assert.sameMembers(
          [...new Set(ownEvents.map(({ name }) => name))],
          eventsOfCalls.map(({ name }) => name)
        )
        for (const { attributes, name } of eventsOfCalls) {
          compare(
            name,
            attributes,
            ownEvents.filter((event) => event.name === name).map((event) => event.attributes)
          )
        }
      }),
    { timeout: 60_000 }
  )

  it.live(
    "links spans of calls that join another",
    () =>
      Effect.gen(function* () {
        const { collected } = yield* captured
        const spans = collected.spans()
        assert.isAbove(ofCalls(spans).flatMap(({ links }) => links).length, 0)
      }),
    { timeout: 60_000 }
  )

  it.live(
    "has exactly the documented metrics",
    () =>
      Effect.gen(function* () {
        const { collected } = yield* captured
        assert.sameMembers(
          [...new Set(collected.metrics().map(({ name }) => name))].filter((name) => /^(kimi|gen_ai)\./.test(name)),
          Object.values(Telemetry.metrics)
            .map(({ name }) => name)
            .filter((name) => !isOfSwarms(name))
        )
      }),
    { timeout: 60_000 }
  )

  it.live(
    "has exactly the documented attributes on its log records",
    () =>
      Effect.gen(function* () {
        const { collected } = yield* captured
        for (const event of Object.values(Telemetry.logs)) {
          const lines = collected
            .lines()
            .map(({ attributes }) => attributes)
            .filter((attributes) =>
              attributes.some(({ key, value }) => key === "event.name" && value["stringValue"] === event.name)
            )
          compare(event.name, event.attributes, lines, event.name === "kimi.call" ? ["kimi.log.sample"] : [])
        }
      }),
    { timeout: 60_000 }
  )
})
