/** A worker of a swarm in PostgreSQL, in a separate process. It sends the agents that it begins to work on. */
import * as Journal from "@kimi-effect/client/postgres/Journal"
import { KimiNode } from "@kimi-effect/client/node"
import { Swarm, type SwarmEvent } from "@kimi-effect/client/swarm"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Postgres from "./postgres.ts"
import { makeTools } from "./tools.ts"

/** `joined` when it knows the agents, and then the id of each agent. */
export type Message = { readonly _tag: "Joined" } | { readonly _tag: "Works"; readonly agent: string }

const [id = "", url = "", agents = "1", lease = "2"] = process.argv.slice(2)

const send = (message: Message): Effect.Effect<void> => Effect.sync(() => void process.send?.(message))

const report = (event: SwarmEvent.SwarmEvent): Effect.Effect<void> => {
  if (event._tag === "Planned") return send({ _tag: "Joined" })
  return event._tag === "AgentStarted" ? send({ _tag: "Works", agent: event.agent }) : Effect.void
}

const program = Effect.gen(function* () {
  const size = Number(agents)
  const swarm = Swarm.mapStream({
    items: Array.from({ length: size }, (_, index) => index),
    prompt: "Review part {{item}}",
    tools: yield* makeTools,
    request: { model: "kimi-k3", max_completion_tokens: 1_000 },
    initialConcurrency: size
  })
  yield* Stream.runForEach(Swarm.durableStream(id, swarm), report)
}).pipe(
  Effect.provide(
    Layer.merge(
      KimiNode.layer({ apiKey: Redacted.make("sk-bench"), baseUrl: url, maxConcurrency: Number(agents) }),
      Journal.layerPostgres({ url: Postgres.url, schema: Postgres.schema, lease: Number(lease) * 1_000 })
    )
  )
)

if (process.send !== undefined) await Effect.runPromise(program)
