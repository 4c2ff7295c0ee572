"""The forward pass of a simple recurrent layer in NumPy, beside Keras's SimpleRNN.

Run: python experiments/sequences/by_hand.py

Source: Deep Learning with Python, 1st edition, section 6.2, "Understanding recurrent neural
    networks" (notebook 9).
"""

import keras
import numpy as np

TIME_STEPS, INPUTS, UNITS = 100, 32, 64


def forward(inputs: np.ndarray, w: np.ndarray, u: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the state after each time step, float (time steps, units).

    state = tanh(input @ w + state @ u + b), from a state of zeros.

    Args:
        inputs: float (time steps, inputs).
        w: Kernel of the inputs, float (inputs, units).
        u: Kernel of the state, float (units, units).
        b: Bias, float (units,).
    """
    states, state = [], np.zeros(len(b))
    for step in inputs:
        state = np.tanh(step @ w + state @ u + b)
        states.append(state)
    return np.stack(states)


def main() -> None:
    """Print the shape of the states, and how far Keras's layer with the same weights is off."""
    random = np.random.default_rng(0)
    inputs = random.random((TIME_STEPS, INPUTS))
    w = random.normal(scale=0.1, size=(INPUTS, UNITS))
    u = random.normal(scale=0.1, size=(UNITS, UNITS))
    b = random.normal(scale=0.1, size=UNITS)
    states = forward(inputs, w, u, b)
    print(f"NumPy: states {states.shape}, the last one begins {np.round(states[-1, :3], 4)}")

    layer = keras.layers.SimpleRNN(UNITS, return_sequences=True)
    layer.build((None, None, INPUTS))
    layer.set_weights([w, u, b])
    of_keras = np.asarray(layer(inputs[np.newaxis].astype("float32")))[0]
    print(f"Keras: states {of_keras.shape}, at most {np.abs(of_keras - states).max():.0e} off")


if __name__ == "__main__":
    main()
