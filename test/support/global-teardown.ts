import { stopAll } from './global-setup.ts';

export default stopAll;
