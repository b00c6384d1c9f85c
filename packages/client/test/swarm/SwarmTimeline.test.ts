import { assert, describe, it } from "@effect/vitest"
import { Swarm, SwarmTimeline } from "@kimi-effect/client/swarm"
import * as Effect from "effect/Effect"
import { answering, at, calls, makeTools, settled, stepOf } from "./support/swarm.ts"

const script = answering((request) => (stepOf(request) === 0 ? calls(["look", { at: "secret place" }]) : "secret text"))

const report = Effect.gen(function* () {
  const { tools } = yield* makeTools
  return (yield* settled(Swarm.map({ items: ["a", "b"], prompt: "{{item}}", tools, id: "<audit>" }))).report
})

describe("the timeline of a swarm", () => {
  it.effect("has a bar for each call of each agent", () =>
    Effect.gen(function* () {
      const svg = SwarmTimeline.toSvg(yield* report)
      // The legend, and for each of two agents: its whole time, two calls of the model, a tool call.
      assert.strictEqual(svg.match(/<rect /gu)?.length, 4 + 8)
      assert.include(svg, "<title>model, 1.0 s</title>")
    }).pipe(at(script))
  )

  it.effect("is a page that loads nothing, with escaped names", () =>
    Effect.gen(function* () {
      const html = SwarmTimeline.toHtml(yield* report)
      assert.include(html, "<h1>Swarm &lt;audit&gt;</h1>")
      assert.notInclude(html, "<audit>")
      assert.notMatch(html, /(?:src|href)=|@import|url\(/u)
      assert.include(html, "<td>item 2</td>")
    }).pipe(at(script))
  )

  it.effect("labels the axis of a swarm of less than a second in milliseconds", () =>
    Effect.gen(function* () {
      const svg = SwarmTimeline.toSvg({ ...(yield* report), wallMillis: 80 })
      const labels = [...svg.matchAll(/>([\d.]+ m?s)<\/text>/gu)].map(([, label]) => label)
      assert.deepStrictEqual(labels, ["0 ms", "20 ms", "40 ms", "60 ms", "80 ms"])
    }).pipe(at(script))
  )

  it.effect("has the title of its kind for a swarm without an id", () =>
    Effect.gen(function* () {
      const { report: unnamed } = yield* settled(Swarm.map({ items: ["a"], prompt: "{{item}}" }))
      assert.include(SwarmTimeline.toHtml(unnamed), "<h1>Swarm</h1>")
    }).pipe(at(answering(() => "done")))
  )

  it.effect("keeps the end of a long id, which distinguishes agents of one name", () =>
    Effect.gen(function* () {
      const { agents, ...rest } = yield* report
      const id = `${"a very long name of an agent ".repeat(2)}2.41`
      const svg = SwarmTimeline.toSvg({ ...rest, agents: agents.map((agent) => ({ ...agent, id })) })
      assert.include(svg, ">a very long name of an… agent 2.41</text>")
    }).pipe(at(script))
  )

  it.effect("contains no content", () =>
    Effect.gen(function* () {
      assert.notInclude(SwarmTimeline.toHtml(yield* report), "secret")
    }).pipe(at(script))
  )
})
