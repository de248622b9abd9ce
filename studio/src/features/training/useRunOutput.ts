import { useCallback, useEffect, useRef, useState } from "react";

import { ApiError, readText } from "@/api";

/** What is kept for reading; the whole of it is in the terminal's scrollback or the job's log. */
const MAX_CHARACTERS = 400_000;
const AGAIN_MS = 1_000;

export type RunOutput = {
  text: string;
  /** Whether more may come. */
  isOpen: boolean;
  error: Error | null;
  /** Run the trainer, and read what it writes. */
  start: () => void;
};

/** Read the output of `brewslm start`: of the run that is in flight, or of one that is started here. */
export function useRunOutput(runId: string | null): RunOutput {
  const [text, setText] = useState("");
  const [isOpen, setOpen] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const reading = useRef<AbortController | null>(null);

  const read = useCallback(async (isNew: boolean) => {
    const own = new AbortController();
    reading.current?.abort();
    reading.current = own;
    let offset = 0;
    const take = (piece: string, numBytes: number) => {
      offset += numBytes;
      setText((before) => (before + piece).slice(-MAX_CHARACTERS));
    };
    setText("");
    setError(null);
    setOpen(true);
    for (let isFirst = true; !own.signal.aborted; isFirst = false) {
      try {
        const path = isNew && isFirst ? "/api/train" : `/api/train/output?offset=${offset}`;
        await readText(isNew && isFirst ? "POST" : "GET", path, take, own.signal);
        break;
      } catch (problem) {
        // A stream that breaks off is read on from where it was; what the server refuses is said.
        if (problem instanceof ApiError && (!problem.isUnreachable || (isNew && isFirst))) {
          setError(problem);
          break;
        }
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
    if (!own.signal.aborted) {
      setOpen(false);
      reading.current = null;
    }
  }, []);

  useEffect(() => {
    if (runId !== null && reading.current === null) {
      void read(false);
    }
  }, [runId, read]);
  useEffect(
    () => () => {
      reading.current?.abort();
      reading.current = null;
    },
    [],
  );
  return { text, isOpen, error, start: () => void read(true) };
}
