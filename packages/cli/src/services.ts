/** The services of a process that `effect/cli` and the commands use. */
import * as NodeServices from "@effect/platform-node/NodeServices"

export const layer = NodeServices.layer
