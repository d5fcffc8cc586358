// Calls the tool for a plugin in JavaScript: TOOL SOURCE WIT OUTPUT. Nothing of WASI is asked for: with standard output
// would come files.
import { writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';

const [tool, sourcePath, witPath, output] = process.argv.slice(2);
const { componentize } = await import(pathToFileURL(tool).href);
const disableFeatures = ['random', 'stdio', 'clocks', 'http', 'fetch-event'];
const { component } = await componentize({ sourcePath, witPath, worldName: 'target', disableFeatures });
await writeFile(output, component);
