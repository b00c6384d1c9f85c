/**
 * Takes part in a swarm, and writes two files at once: the calls whose responses
 * are recorded, and the notes of a tool that must not run twice. So a test can kill
 * it at any moment, and knows what had happened.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as ToolSet from "@kimi-effect/client/agent/ToolSet"
import { messages as messagesOf } from "@kimi-effect/client/agent/AgentState"
import * as SqliteJournal from "@kimi-effect/client/node/Journal"
import * as KimiNode from "@kimi-effect/client/node/KimiNode"
import * as PostgresJournal from "@kimi-effect/client/postgres/Journal"
import { Swarm, type SwarmState } from "@kimi-effect/client/swarm"
import { Effect, Layer, Redacted, Schema } from "effect"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"

export interface Settings {
  readonly baseUrl: string
  /** The folder of the files, and of the journal in SQLite. */
  readonly folder: string
  /** The journal in PostgreSQL, in place of SQLite. */
  readonly postgres?: { readonly url: string; readonly schema: string }
  readonly lease: string
  readonly pollInterval: string
  readonly concurrency: number
}

export interface Done {
  readonly outcome: string
  readonly text: string
  readonly agents: ReadonlyArray<string>
  readonly cost: string
}

const settings: Settings = JSON.parse(process.argv[2] ?? "{}")
const { concurrency, folder, postgres } = settings
const notes = join(folder, "notes")
const recorded = join(folder, "recorded")

const kit = Toolkit.make(
  Tool.make("note", { parameters: Schema.Struct({ text: Schema.String }), success: Schema.String })
)

const handlers = kit.toLayer({
  note: ({ text }) =>
    // Between the effect of the tool and its result there is time to be killed.
    Effect.sync(() => appendFileSync(notes, `${text}\n`)).pipe(
      Effect.andThen(Effect.sleep("5 millis")),
      Effect.as(`noted ${text}`)
    )
})

/** Reads in the notes whether the tool took effect. */
const onUncertain: NonNullable<Swarm.DurableOptions["onUncertain"]> = ({ callId }) =>
  Effect.sync(() => {
    const text = textOf(callId)
    const isNoted = existsSync(notes) && readFileSync(notes, "utf8").split("\n").includes(text)
    return isNoted
      ? ({ _tag: "Result", result: { content: `noted ${text}`, isFailure: false } } as const)
      : ({ _tag: "RunAgain" } as const)
  })

/** The note of a call: the number of the agent's task and its step. */
const textOf = (callId: string): string => {
  const [, task, step] = /2\.(\d+)\/(\d+)\/0$/.exec(callId) ?? []
  return `${task}/${step}`
}

const written = new Set<string>()

/** It is called when the responses of the state are recorded. */
const checkpoint = ({ agents }: SwarmState.SwarmState) =>
  Effect.sync(() => {
    for (const state of Object.values(agents)) {
      const task = messagesOf(state).find(({ role }) => role === "user")?.content
      for (let step = 0; step < state.steps; step++) {
        const line = `${String(task)}/${step}`
        if (!written.has(line)) appendFileSync(recorded, `${line}\n`)
        written.add(line)
      }
    }
  })

const lease = settings.lease as "2 seconds"
const journal =
  postgres === undefined
    ? SqliteJournal.layerSqlite({ filename: join(folder, "journal.db"), lease })
    : // A worker may be frozen while it connects.
      PostgresJournal.layerPostgres({
        url: postgres.url,
        schema: postgres.schema,
        lease,
        connectTimeout: "1 minute",
        timeout: "1 minute"
      })

const client = KimiNode.layer({ apiKey: Redacted.make("sk-test"), baseUrl: settings.baseUrl, model: "kimi-k3" })

const program = Effect.gen(function* () {
  const tools = yield* ToolSet.make(kit).pipe(Effect.provide(handlers))
  const swarm = Swarm.run("Work", { tools, concurrency, initialConcurrency: concurrency, checkpoint })
  const options = { onUncertain, pollInterval: settings.pollInterval as "1 second" }
  return yield* Swarm.durable("s", swarm, options)
}).pipe(Effect.provide(Layer.merge(client, journal)))

const { agents, outcome, report, text } = await Effect.runPromise(program)
process.send?.({
  outcome: outcome._tag === "Failed" ? `Failed: ${outcome.error.message}` : outcome._tag,
  text,
  agents: agents.map((agent) => agent.text),
  cost: report.cost.map(({ total }) => String(total)).join()
} satisfies Done)
process.disconnect?.()
