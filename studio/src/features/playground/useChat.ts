import { useCallback, useEffect, useRef, useState } from "react";

import { ApiError, type ChatAsked, streamChat } from "@/api";
import { answered, chatPieceOf, type Turn } from "@/lib/chat";

export type Talk = {
  turns: readonly Turn[];
  isAnswering: boolean;
  error: Error | null;
  ask: (content: string, asked: Omit<ChatAsked, "messages" | "model">) => void;
  stop: () => void;
  clear: () => void;
};

/** A conversation with one model; the answer grows as it is written. */
export function useChat(projectId: number, model: string): Talk {
  const [turns, setTurns] = useState<readonly Turn[]>([]);
  const [isAnswering, setAnswering] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const asking = useRef<AbortController | null>(null);

  const stop = useCallback(() => {
    asking.current?.abort();
    asking.current = null;
    setAnswering(false);
  }, []);

  const ask = (content: string, asked: Omit<ChatAsked, "messages" | "model">) => {
    stop();
    const own = new AbortController();
    asking.current = own;
    const question: Turn = { role: "user", content };
    const messages = [...answered(turns), question];
    const grow = (text: string) => setTurns((now) => grown(now, text));
    setTurns([...turns, question, { role: "assistant", content: "" }]);
    setError(null);
    setAnswering(true);
    const take = (data: string) => {
      const piece = chatPieceOf(data);
      if (piece.error !== null) {
        setError(new ApiError(200, "process_lost", piece.error));
      }
      grow(piece.text);
    };
    streamChat(projectId, { ...asked, model, messages }, take, own.signal)
      .catch((problem: unknown) => {
        if (!own.signal.aborted) {
          setError(problem instanceof ApiError ? problem : ApiError.unreachable());
        }
      })
      .finally(() => {
        if (asking.current === own) {
          asking.current = null;
          setAnswering(false);
        }
      });
  };

  const clear = useCallback(() => {
    stop();
    setTurns([]);
    setError(null);
  }, [stop]);

  useEffect(() => stop, [stop]);
  return { turns, isAnswering, error, ask, stop, clear };
}

/** The conversation with more text in its last turn. */
function grown(turns: readonly Turn[], text: string): readonly Turn[] {
  const last = turns.at(-1);
  return last === undefined ? turns : [...turns.slice(0, -1), { ...last, content: last.content + text }];
}
