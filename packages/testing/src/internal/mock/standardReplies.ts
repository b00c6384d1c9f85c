/** Parts that every level of a provider shares. */
import * as Reply from "../../Reply.ts"
import type { FailureTag } from "./failureReplies.ts"

/** The default answer. It has enough events for every fault within a stream. */
export const greeting = Reply.text("Hello! How can I help you today?")

export const asExplicit = (reply: Reply.Reply): Reply.Explicit => (reply._tag === "Default" ? greeting : reply)

/** Whether only a stream can fail with this error. */
export const isStreamFailure = (tag: FailureTag): boolean => tag.startsWith("Stream")
