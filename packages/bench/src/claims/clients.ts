/** The clients of the claims scenario. */
import { KimiNode, ResponseCache } from "@kimi-effect/client/node"
import { Pipeline } from "@kimi-effect/core"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { apiKey } from "../transport/Contestant.ts"
import type { Client } from "./workload.ts"

/** A client of a host. */
export const layerOf = (client: Client, baseUrl: string) => {
  // The stage of accounting stays, as it counts and changes no call.
  const removed = client === "v1" ? Pipeline.order.filter((stage) => stage !== "accounting") : []
  return KimiNode.layer({ apiKey: Redacted.make(apiKey), baseUrl }).pipe(
    Layer.provide(Pipeline.layer(...removed.map(Pipeline.remove))),
    Layer.provide(client === "v2 cached" ? ResponseCache.layerMemory() : ResponseCache.layerOff)
  )
}
