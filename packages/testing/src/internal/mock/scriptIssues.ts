/** What is wrong with a script that a program without types has made. */
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { ConfigurationIssue } from "@kimi-effect/core/ConfigurationErrors"
import { isKimiError } from "@kimi-effect/core/KimiError"
import * as Predicate from "effect/Predicate"
import type { Answer, Combination } from "../../Script.ts"
import { isReply } from "../replies/givenReply.ts"
import { issueOf } from "../replies/replyIssues.ts"

type Issue = typeof ConfigurationIssue.Type

export const isAnswer = (given: unknown): given is Answer =>
  typeof given === "string" ||
  isReply(given) ||
  given instanceof ChatResponse ||
  isKimiError(given) ||
  Predicate.isTagged(given, "Events")

/** The members of each combination that are scripts. */
const scriptMembers: { readonly [Tag in Combination["_tag"]]: ReadonlyArray<string> } = {
  Sequence: ["scripts"],
  Repeat: ["script"],
  Take: ["script"],
  When: ["script"],
  OrElse: ["script", "otherwise"],
  Wait: ["script"]
}

const isCombination = (given: unknown): given is Combination & { readonly [member: string]: unknown } =>
  Predicate.hasProperty(given, "_tag") && typeof given._tag === "string" && Object.hasOwn(scriptMembers, given._tag)

/** The member of a reply that cannot be sent. */
export const replyIssues = (given: unknown, name: string): ReadonlyArray<Issue> => {
  const issue = isReply(given) ? issueOf(given) : undefined
  return issue === undefined ? [] : [{ name: `${name}.${issue[0]}`, expected: issue[1] }]
}

/** Every part of a script that is neither a script nor, within a list, an answer that can be sent. */
export const issuesOf = (script: unknown, name = "script"): ReadonlyArray<Issue> => {
  if (typeof script === "function") return []
  if (Array.isArray(script)) {
    // A hole of a list is undefined, too.
    return Array.from(script, (item: unknown) => item).flatMap((item, index) => {
      const at = `${name}[${index}]`
      if (isAnswer(item)) return replyIssues(item, at)
      const isScript = Array.isArray(item) || typeof item === "function" || isCombination(item)
      return isScript ? issuesOf(item, at) : [{ name: at, expected: "a text, a Reply, an error or a script" }]
    })
  }
  if (isCombination(script)) {
    return scriptMembers[script._tag].flatMap((member) => issuesOf(script[member], `${name}.${member}`))
  }
  return [{ name, expected: "a list of replies, a function or a combination of scripts" }]
}
