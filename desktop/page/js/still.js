// The last picture, kept over the player while it is set up anew, so that nothing flashes black.

export class Still {
  #video;
  #canvas;

  constructor(video, canvas) {
    this.#video = video;
    this.#canvas = canvas;
  }

  /** Holds what is on screen now; an earlier hold stays when there is nothing new to hold. */
  cover() {
    const { videoWidth: width, videoHeight: height, readyState } = this.#video;
    if (!width || readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    this.#canvas.width = width;
    this.#canvas.height = height;
    this.#canvas.getContext('2d').drawImage(this.#video, 0, 0, width, height);
    this.#canvas.hidden = false;
  }

  /** There is a new picture. */
  uncover() {
    this.#canvas.hidden = true;
  }

  /** Nothing of it may stay. */
  clear() {
    this.#canvas.hidden = true;
    this.#canvas.width = 0;
  }
}
