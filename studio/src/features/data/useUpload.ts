import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { type UploadFacts, uploadFile } from "@/api";

/** Sends a file; the same file chosen again goes on where it broke off. */
export function useUpload(onDone: (facts: UploadFacts) => void) {
  const [file, setFile] = useState<File | null>(null);
  const [sentBytes, setSentBytes] = useState(0);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const upload = useMutation({
    mutationFn: (wanted: File) => {
      abort.current?.abort();
      abort.current = new AbortController();
      return uploadFile(wanted, setSentBytes, abort.current.signal);
    },
    onSuccess: onDone,
  });
  const send = (wanted: File) => {
    setFile(wanted);
    setSentBytes(0);
    upload.mutate(wanted);
  };
  return {
    file,
    sentBytes,
    isDone: upload.isSuccess,
    error: upload.error,
    send,
    again: () => file !== null && send(file),
  };
}
