/** The lower bound: `undici.request`, with bodies read by hand. */
import { Agent, request } from "undici"
import { apiKey, type Contestant } from "./Contestant.ts"
import { type Post, rawContestant } from "./rawContestant.ts"

export const make = (): Contestant => {
  const dispatcher = new Agent({ connections: 1024 })
  const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" }
  const post: Post = async (url, text) => {
    const { body } = await request(url, { dispatcher, method: "POST", headers, body: text })
    return { json: () => body.json(), body }
  }
  return rawContestant("undici", post, () => dispatcher.destroy())
}
