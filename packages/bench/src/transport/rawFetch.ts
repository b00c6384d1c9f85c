/** The platform's `fetch`, with bodies read by hand. */
import { apiKey, type Contestant } from "./Contestant.ts"
import { type Post, rawContestant } from "./rawContestant.ts"

const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" }

const post: Post = async (url, text) => {
  const response = await fetch(url, { method: "POST", headers, body: text })
  if (response.body === null) throw new Error("The response has no body")
  return { json: () => response.json(), body: response.body }
}

export const make = (): Contestant => rawContestant("fetch", post, () => Promise.resolve())
