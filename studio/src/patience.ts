/** Set-up of the tests: how long a test looks for what a page is to show; a busy machine is slow, not wrong. */
import { configure } from "@testing-library/react";

configure({ asyncUtilTimeout: 20_000 });
