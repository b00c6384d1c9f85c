/** The command with all its subcommands. */
import * as Command from "effect/cli/Command"
import { balance } from "./commands/balance.ts"
import { batch } from "./commands/batch.ts"
import { chat } from "./commands/chat.ts"
import { config } from "./commands/config.ts"
import { cost } from "./commands/cost.ts"
import { doctor } from "./commands/doctor.ts"
import { files } from "./commands/files.ts"
import { models } from "./commands/models.ts"
import { replay } from "./commands/replay.ts"
import { schema } from "./commands/schema.ts"
import { serveMock } from "./commands/serveMock.ts"
import { simulate } from "./commands/simulate.ts"
import { swarm } from "./commands/swarm.ts"
import { tokens } from "./commands/tokens.ts"
import { root } from "./root.ts"

export const kimi = root.pipe(
  Command.withSubcommands([
    chat,
    models,
    tokens,
    cost,
    files,
    batch,
    swarm,
    balance,
    doctor,
    config,
    simulate,
    replay,
    serveMock,
    schema
  ])
)
