/** The schema of what each command writes with `--json`. */
import * as Schema from "effect/Schema"
import { FileObject } from "@kimi-effect/core/File"
import { Balance } from "./balance.ts"
import {
  BatchAtHost,
  BatchFailed,
  BatchForgotten,
  BatchList,
  BatchRepair,
  BatchRun,
  BatchShared,
  BatchStatus
} from "./batch.ts"
import { Chat, ChatEvent } from "./chat.ts"
import { ConfigOptions } from "./config.ts"
import { CostEstimate } from "./cost.ts"
import { Diagnosis } from "./doctor.ts"
import { FileList, FilesDeleted, FileText } from "./files.ts"
import { Models } from "./models.ts"
import type { names } from "./names.ts"
import { Replay } from "./replay.ts"
import { Serving } from "./serveMock.ts"
import { Simulation } from "./simulate.ts"
import { SwarmRun, SwarmStatus } from "./swarm.ts"
import { Tokens } from "./tokens.ts"

export const schemas = {
  balance: Balance,
  "batch cancel": BatchAtHost,
  "batch failed": BatchFailed,
  "batch forget": BatchForgotten,
  "batch list": BatchList,
  "batch repair": BatchRepair,
  "batch resume": BatchRun,
  "batch run": BatchRun,
  "batch run --shared": BatchShared,
  "batch shared": BatchShared,
  "batch status": BatchStatus,
  chat: Chat,
  "chat --stream": ChatEvent,
  config: ConfigOptions,
  cost: CostEstimate,
  doctor: Diagnosis,
  "files delete": FilesDeleted,
  "files get": FileObject,
  "files get --text": FileText,
  "files list": FileList,
  "files upload": FileObject,
  models: Models,
  replay: Replay,
  "serve-mock": Serving,
  simulate: Simulation,
  swarm: SwarmRun,
  "swarm cancel": SwarmStatus,
  "swarm resume": SwarmRun,
  "swarm status": SwarmStatus,
  tokens: Tokens
} as const satisfies { readonly [Name in (typeof names)[number]]: Schema.Top }

/** The JSON Schema of a result. */
export const jsonSchemaOf = (schema: Schema.Top): object => {
  const { definitions, schema: root } = Schema.toJsonSchemaDocument(schema)
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    ...root,
    ...(Object.keys(definitions).length === 0 ? {} : { $defs: definitions })
  }
}
