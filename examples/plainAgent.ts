/** An agent without Effect, whose tools are functions with schemas of zod. */
import { Kimi } from "@kimi-effect/client/node"
import { AgentRequest } from "@kimi-effect/client/promise"
import { Cost } from "@kimi-effect/core"
import * as z from "zod"

const weather = AgentRequest.tool({
  name: "get_weather",
  description: "The weather of a city",
  parameters: z.object({ city: z.string(), unit: z.enum(["celsius", "fahrenheit"]).default("celsius") }),
  // The input is decoded: `unit` has its default.
  run: async ({ city, unit }) => ({ city, degrees: unit === "celsius" ? 18 : 64 })
})

const kimi = Kimi.make({ model: "kimi-k3" })

const { cost, outcome, steps, text } = await kimi.agent({
  tools: [weather],
  prompt: "What's the weather in Oslo?",
  limits: { steps: 5, cost: { amount: "0.10", currency: "USD" } }
})
process.stdout.write(`${outcome._tag} after ${steps} steps for ${cost.map(Cost.format).join(" + ")}: ${text}\n`)

await kimi.close()
