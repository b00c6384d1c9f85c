/** A swarm with a team of agents, some of whose calls the host refuses in its degraded phases. */
import { Swarm } from "@kimi-effect/client/swarm"
import * as Effect from "effect/Effect"

const topics = Array.from({ length: 12 }, (_, index) => `Topic ${index + 1}`)

/** Its outcome is ignored. */
export const swarm = Effect.asVoid(
  Swarm.map({
    id: "survey",
    items: topics,
    prompt: "Summarize {{item}}",
    request: { model: "kimi-k3", max_completion_tokens: 400 },
    limits: { duration: "1 minute" }
  })
)
