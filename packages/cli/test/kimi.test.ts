/** Each command succeeds and fails as documented. A command without both does not pass. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as ErrorReply from "@kimi-effect/testing/ErrorReply"
import type * as MockServer from "@kimi-effect/testing/node/MockServer"
import * as Reply from "@kimi-effect/testing/Reply"
import * as Effect from "effect/Effect"
import * as postgres from "../../client/test/postgres/support/postgres.ts"
import { commandNames } from "./commandNames.ts"
import { withServer } from "./mockedHost.ts"
import { runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

interface Invocation {
  /** Words with spaces between, or in quotes. DIR is a folder with files, ID what the last command of `before` wrote, SCHEMA one in PostgreSQL. */
  readonly args: string
  readonly code: number
  readonly stdout?: RegExp
  readonly stderr?: RegExp
  /** Commands that run first. */
  readonly before?: ReadonlyArray<string>
  readonly setUp?: (server: MockServer.MockServer["Service"]) => Effect.Effect<void>
  /** The output after which the command is interrupted. */
  readonly until?: string
  readonly needsPostgres?: boolean
}

interface Pair {
  readonly success: Invocation
  readonly failure: Invocation
}

/** The first question for the state of a batch fails, so that its command ends and the batch does not. */
const leftAtHost: Pick<Invocation, "before" | "setUp"> = {
  setUp: (server) => {
    let isFirst = true
    return server.replyAt("GET /v1/batches/batch-000001", () => {
      const reply = isFirst ? ErrorReply.table.invalidRequest : Reply.defaultReply
      isFirst = false
      return reply
    })
  },
  before: ["batch run DIR/in.jsonl DIR/out.jsonl --mode host"]
}

const finishedSwarm = ["swarm Hello --id a --journal DIR/team.db"]
const suspendedSwarm: Pick<Invocation, "before" | "setUp"> = {
  setUp: (server) => server.reply(Reply.quotaExceeded()),
  before: finishedSwarm
}
const noSwarm = (name: string): Invocation => ({
  before: finishedSwarm,
  args: `swarm ${name} b --journal DIR/team.db`,
  code: 1,
  stderr: /There is no swarm b in the journal/
})

/** The command tree names the commands; this table has an invocation of each that succeeds, and one that fails. */
const invocations: { readonly [command: string]: Pair } = {
  balance: {
    success: { args: "balance", code: 0, stdout: /^[\d.]+ USD available: / },
    failure: { args: "balance --provider together", code: 16, stderr: /UnsupportedOperationError/ }
  },
  batch: {
    success: { args: "batch --help", code: 0, stdout: /SUBCOMMANDS[^]+resume/ },
    failure: { args: "batch start", code: 2, stderr: /start/ }
  },
  "batch cancel": {
    success: { ...leftAtHost, args: "batch cancel DIR/out.jsonl", code: 0, stdout: /^Batch batch-000001, cancel/ },
    failure: { args: "batch cancel DIR/out.jsonl", code: 1, stderr: /it does not exist/ }
  },
  "batch failed": {
    success: {
      before: ["batch run DIR/in.jsonl DIR/out.jsonl --model no-such-model"],
      args: "batch failed DIR/out.jsonl",
      code: 0,
      stdout: /^a {2}line 1 {2}ModelNotFoundError/
    },
    failure: { args: "batch failed DIR/out.jsonl", code: 1, stderr: /it does not exist/ }
  },
  "batch forget": {
    success: {
      ...leftAtHost,
      args: "batch forget DIR/out.jsonl --force",
      code: 0,
      stdout: /^Forgotten: Batch batch-000001/
    },
    failure: { args: "batch forget DIR/out.jsonl", code: 1, stderr: /it does not exist/ }
  },
  "batch list": {
    success: { ...leftAtHost, args: "batch list", code: 0, stdout: /^Batch batch-000001, / },
    failure: { args: "batch list --provider together", code: 16, stderr: /UnsupportedOperationError/ }
  },
  "batch repair": {
    success: {
      before: ["batch run DIR/in.jsonl DIR/out.jsonl"],
      args: "batch repair DIR/out.jsonl DIR/to.jsonl",
      code: 0,
      stdout: /^Written to .*to.jsonl: 1 row. Nothing is damaged/
    },
    failure: { args: "batch repair DIR/out.jsonl DIR/to.jsonl", code: 1, stderr: /it does not exist/ }
  },
  "batch resume": {
    success: {
      ...leftAtHost,
      args: "batch resume DIR/out.jsonl --poll '1 millis'",
      code: 0,
      stdout: /^1 answered, 0 failed/
    },
    failure: { args: "batch resume DIR/out.jsonl", code: 1, stderr: /it does not exist/ }
  },
  "batch run": {
    success: { args: "batch run DIR/in.jsonl DIR/out.jsonl", code: 0, stdout: /^1 answered, 0 failed/ },
    failure: { args: "batch run DIR/none.jsonl DIR/out.jsonl", code: 1, stderr: /none.jsonl cannot be read/ }
  },
  "batch shared": {
    success: {
      needsPostgres: true,
      before: ["batch run DIR/in.jsonl DIR/out.jsonl --shared a --schema SCHEMA"],
      args: "batch shared a --schema SCHEMA",
      code: 0,
      stdout: /^1 row done, complete/
    },
    failure: { args: "batch shared a", code: 10, stderr: /DATABASE_URL/ }
  },
  "batch status": {
    success: {
      before: ["batch run DIR/in.jsonl DIR/out.jsonl"],
      args: "batch status DIR/out.jsonl",
      code: 0,
      stdout: /^1 answered/
    },
    failure: { args: "batch status DIR/out.jsonl", code: 1, stderr: /it does not exist/ }
  },
  chat: {
    success: { args: "chat Hello", code: 0, stdout: /Hello/ },
    failure: { args: "chat Hello --model no-such-model", code: 16, stderr: /kimi models --live/ }
  },
  config: {
    success: { args: "config", code: 0, stdout: /^OPTION +VALUE +ORIGIN/ },
    failure: { args: "config --tier 9", code: 10, stderr: /--tier: expected a tier/ }
  },
  cost: {
    success: { args: "cost DIR/in.jsonl", code: 0, stdout: /^1 request,/ },
    failure: { args: "cost DIR/notes.txt", code: 1, stderr: /Lines that are no rows: 1/ }
  },
  doctor: {
    success: { args: "doctor", code: 0, stdout: /^ok/m },
    failure: { args: "doctor --base-url http://127.0.0.1:1/v1", code: 1, stderr: /Problems: / }
  },
  files: {
    success: { args: "files --help", code: 0, stdout: /SUBCOMMANDS[^]+upload/ },
    failure: { args: "files move", code: 2, stderr: /move/ }
  },
  "files delete": {
    success: { before: ["files upload DIR/notes.txt"], args: "files delete ID", code: 0, stdout: /^Deleted / },
    failure: { args: "files delete none", code: 16, stderr: /FileNotFoundError/ }
  },
  "files get": {
    success: { before: ["files upload DIR/notes.txt"], args: "files get ID", code: 0, stdout: /notes\.txt/ },
    failure: { args: "files get none", code: 16, stderr: /FileNotFoundError/ }
  },
  "files list": {
    success: { args: "files list", code: 0, stdout: /^ID +NAME/ },
    failure: { args: "files list --provider together", code: 16, stderr: /UnsupportedOperationError/ }
  },
  "files upload": {
    success: { args: "files upload DIR/notes.txt", code: 0, stdout: /^\S+\n$/ },
    failure: { args: "files upload DIR/none.txt", code: 1, stderr: /it does not exist/ }
  },
  models: {
    success: { args: "models", code: 0, stdout: /^MODEL[^]+kimi-k3/ },
    failure: { args: "models --jsn", code: 2, stderr: /--json/ }
  },
  replay: {
    success: { args: "replay DIR/greeting.json", code: 0, stdout: /^#1 GET .+ → 200/ },
    failure: { args: "replay DIR/none.json", code: 1, stderr: /does not exist/ }
  },
  schema: {
    success: { args: "schema models", code: 0, stdout: /"\$schema"/ },
    failure: { args: "schema nothing", code: 2, stderr: /Known: balance/ }
  },
  "serve-mock": {
    success: { args: "serve-mock", code: 130, stdout: /^http:\/\/127\.0\.0\.1:\d+\/v1/, until: "/v1\n" },
    failure: { args: "serve-mock --cassette DIR/none.json", code: 1, stderr: /does not exist/ }
  },
  simulate: {
    success: { args: "simulate --calls 5 --duration '1 minute'", code: 0, stdout: /5 of 5 succeeded/ },
    failure: { args: "simulate --duration soon", code: 2, stderr: /--duration/ }
  },
  swarm: {
    success: { args: "swarm Hello", code: 0, stdout: /\S/ },
    failure: { args: "swarm Hello --agents 0", code: 2, stderr: /--agents/ }
  },
  "swarm cancel": {
    success: {
      ...suspendedSwarm,
      args: "swarm cancel a --journal DIR/team.db",
      code: 0,
      stdout: /^Swarm a: Cancelled/
    },
    failure: noSwarm("cancel")
  },
  "swarm resume": {
    success: { ...suspendedSwarm, args: "swarm resume a --journal DIR/team.db", code: 0, stdout: /\S/ },
    failure: noSwarm("resume")
  },
  "swarm status": {
    success: { before: finishedSwarm, args: "swarm status a --journal DIR/team.db", code: 0, stdout: /: Finished/ },
    failure: noSwarm("status")
  },
  tokens: {
    success: { args: "tokens Hello", code: 0, stdout: /^6\n$/ },
    failure: { args: "tokens", code: 2, stderr: /Pass it as arguments/ }
  }
}

const cassette = {
  format: "kimi-cassette",
  version: 1,
  interactions: [
    {
      request: { method: "GET", origin: "https://api.moonshot.ai", path: "/v1/models", headers: {} },
      response: { status: 200, headers: {}, body: { json: {} } }
    }
  ]
}

const folder = Effect.map(temporaryFolder, (path) => {
  const row = { id: "a", request: { messages: [{ role: "user", content: "a" }] } }
  writeFileSync(join(path, "in.jsonl"), `${JSON.stringify(row)}\n`)
  writeFileSync(join(path, "notes.txt"), "Some notes")
  writeFileSync(join(path, "greeting.json"), JSON.stringify(cassette))
  return path
})

const wordsOf = (text: string): ReadonlyArray<string> =>
  (text.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll("'", ""))

const invoke = ({ args, before = [], needsPostgres = false, setUp, until }: Invocation) =>
  withServer((server, env) =>
    Effect.gen(function* () {
      const dir = yield* folder
      const schema = needsPostgres ? yield* postgres.ownSchema : ""
      const variables = { ...env, KIMI_MODEL: "kimi-k2.6", ...(needsPostgres ? { DATABASE_URL: postgres.url } : {}) }
      yield* setUp?.(server) ?? Effect.void
      let id = ""
      const run = (words: string) =>
        runKimi(
          wordsOf(words).map((word) => word.replace("DIR", dir).replace("ID", id).replace("SCHEMA", schema)),
          { env: variables, stdin: "", until: words === args ? until : undefined }
        )
      for (const words of before) id = (yield* run(words)).stdout.trim()
      return yield* run(args)
    })
  )

describe("the commands", () => {
  it("have an invocation that succeeds with one that fails", () => {
    assert.sameMembers(Object.keys(invocations), [...commandNames])
  })

  it("are invoked under their names", () => {
    for (const [name, { failure, success }] of Object.entries(invocations)) {
      for (const { args } of [success, failure]) assert.isTrue(`${args} `.startsWith(`${name} `), args)
      assert.notStrictEqual(success.code, failure.code)
    }
  })
})

for (const [name, pair] of Object.entries(invocations)) {
  describe(`kimi ${name}`, () => {
    for (const [outcome, invocation] of Object.entries(pair) as ReadonlyArray<[string, Invocation]>) {
      const { code, needsPostgres = false, stderr = /(?:)/, stdout = /(?:)/ } = invocation
      it.live.skipIf(needsPostgres && !postgres.reachable)(`ends with its documented ${outcome}`, () =>
        Effect.map(invoke(invocation), (ended) => {
          assert.strictEqual(ended.code, code, ended.stderr)
          assert.match(ended.stdout, stdout)
          assert.match(ended.stderr, stderr)
        })
      )
    }
  })
}
