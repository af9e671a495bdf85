import { aiAnthropic, aiGoogle, aiOpenaiChat, aiOpenaiResponses } from "./ai-sdk.ts";
import { anthropicSdk } from "./anthropic.ts";
import type { Client } from "./client.ts";
import { googleSdk } from "./google.ts";
import { langchainAnthropic, langchainChat, langchainGoogle, langchainResponses } from "./langchain.ts";
import { openaiChatSdk, openaiResponsesSdk } from "./openai.ts";

/** Every client that is tested, each as its users use it. */
export const CLIENTS: readonly Client[] = [
  openaiChatSdk,
  openaiResponsesSdk,
  anthropicSdk,
  googleSdk,
  aiOpenaiChat,
  aiOpenaiResponses,
  aiAnthropic,
  aiGoogle,
  langchainChat,
  langchainResponses,
  langchainAnthropic,
  langchainGoogle,
];
