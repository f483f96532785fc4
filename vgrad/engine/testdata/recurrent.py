"""Writes recurrent.json: what PyTorch computes for an RNN, an LSTM and a GRU.

    python -m venv venv && venv/bin/pip install torch && venv/bin/python recurrent.py

Only this script needs PyTorch. Each case has the weights in vgrad's layout, the loss
(mean cross-entropy of a linear layer on the last state), and ∂L/∂ of everything: the
weights, and the state after each time step.
"""

import json
import pathlib

import torch

TIME, BATCH, FEATURES, UNITS, CLASSES = 7, 3, 4, 5, 3


def case(name, cell, **options):
    torch.manual_seed(len(name))
    net = cell(FEATURES, UNITS, **options).double()
    head = torch.nn.Linear(UNITS, CLASSES).double()
    for p in [*net.parameters(), *head.parameters()]:  # float32 values, so that both sides have the same
        p.data = (1.5 * p.data).float().double()
    blocks = net.bias_hh_l0.numel() // UNITS
    if blocks < 3:  # one bias is enough
        net.bias_hh_l0.data.zero_()
    if blocks == 3:  # of the GRU's second bias only the candidate's is another function
        net.bias_hh_l0.data[: 2 * UNITS] = 0
    if blocks == 4:
        net.bias_hh_l0.data.zero_()
    x = torch.randn(BATCH, TIME, FEATURES).float().double()
    labels = torch.tensor([i % CLASSES for i in range(BATCH)])
    state, states = None, []
    for t in range(TIME):  # step by step, so that each state has a gradient
        _, state = net(x[:, t : t + 1].transpose(0, 1), state)
        h = state[0] if isinstance(state, tuple) else state
        h.retain_grad()
        states.append(h)
    last = states[-1][0]
    loss = torch.nn.functional.cross_entropy(head(last), labels)
    loss.backward()
    whole, _ = net(x.transpose(0, 1))  # the fused form agrees with the steps
    assert torch.allclose(whole[-1], last, atol=1e-12)

    def both(p):
        return {"value": p.detach().tolist(), "grad": p.grad.tolist()}

    def transposed(p):
        return {"value": p.detach().T.tolist(), "grad": p.grad.T.tolist()}

    variables = {
        "/layer1/weights": transposed(net.weight_ih_l0),
        "/layer1/recurrent": transposed(net.weight_hh_l0),
        "/layer1/biases": both(net.bias_ih_l0),
        "/layer2/weights": transposed(head.weight),
        "/layer2/biases": both(head.bias),
    }
    if blocks == 3:
        n = slice(2 * UNITS, 3 * UNITS)
        variables["/layer1/candidate_biases"] = {
            "value": net.bias_hh_l0.detach()[n].tolist(), "grad": net.bias_hh_l0.grad[n].tolist()}
    return {
        "name": name, "x": x.tolist(), "labels": labels.tolist(), "loss": loss.item(), "variables": variables,
        "states": [h.grad[0].tolist() for h in states],
    }


cases = [
    case("rnn", torch.nn.RNN, nonlinearity="tanh"),
    case("rnn relu", torch.nn.RNN, nonlinearity="relu"),
    case("lstm", torch.nn.LSTM),
    case("gru", torch.nn.GRU),
]
into = pathlib.Path(__file__).with_suffix(".json")
into.write_text(json.dumps({"torch": torch.__version__.split("+")[0], "cases": cases}).replace("}}, ", "}},\n") + "\n")
print(into)
