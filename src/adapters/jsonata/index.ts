export { createJsonataCompiler, jsonataLibrary } from './library.js';
