import { queryOptions } from "@tanstack/react-query";

import { answer, http } from "@/api";

/** Every field of a recipe, with kind, range, default and meaning; the server's version has one answer. */
export function recipeFieldsQuery() {
  return queryOptions({
    queryKey: ["recipe-fields"],
    queryFn: ({ signal }) => answer(http.GET("/api/recipe/fields", { signal })),
    staleTime: Infinity,
  });
}
