import { Alert } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { ApiError, healthQuery } from "@/api";

/** Says when the server does not answer; what pages show then is what was known. */
export function ServerBanner() {
  const { error } = useQuery(healthQuery());
  if (error === null) {
    return null;
  }
  if (error instanceof ApiError && error.status === 401) {
    return (
      <Alert color="red" variant="outline" mb="md" p="xs" role="alert" title="This browser is not let in">
        {error.message}
      </Alert>
    );
  }
  return (
    <Alert color="red" variant="outline" mb="md" p="xs" role="alert" title="The server cannot be reached">
      {error.message} Trainings go on without it; this page asks again by itself.
    </Alert>
  );
}
