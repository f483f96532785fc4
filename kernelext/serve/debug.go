package serve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vgrad/lab/kernelext/messaging"
)

// debugRequest is a request of the Debug Adapter Protocol.
type debugRequest struct {
	Seq       int    `json:"seq"`
	Command   string `json:"command"`
	Arguments struct {
		Name        string `json:"variableName"`
		Breakpoints []any  `json:"breakpoints"`
	} `json:"arguments"`
}

// noBreakpoints is why a breakpoint is refused.
const noBreakpoints = "this kernel lists variables and has no breakpoints: a cell is a program of its own, compiled without tables for a debugger"

// debug answers what JupyterLab's variable view asks. The view is part of the debugger, so
// the kernelspec says that there is one; what has to do with stopping a program is refused.
// The values are those that the last cell left, also while another one runs.
func (k *Kernel) debug(m *messaging.Message) map[string]any {
	var q debugRequest
	if err := m.Read(&q); err != nil {
		return q.refuse(err.Error())
	}
	switch q.Command {
	case "initialize":
		k.debugging.Store(true)
		return q.answer(map[string]any{"exceptionBreakpointFilters": []any{}, "supportsModulesRequest": false})
	case "debugInfo":
		return q.answer(k.debugInfo())
	case "disconnect", "terminate":
		k.debugging.Store(false)
		return q.answer(nil)
	case "attach", "configurationDone", "setExceptionBreakpoints":
		return q.answer(nil)
	case "inspectVariables":
		return q.answer(map[string]any{"variables": k.variables()})
	case "variables", "scopes", "stackTrace", "modules": // of a program that is stopped, which there is none of
		return q.answer(map[string]any{"variables": []any{}, "scopes": []any{}, "stackFrames": []any{}, "modules": []any{}})
	case "dumpCell":
		return q.answer(map[string]any{"sourcePath": dumpedCell + ".go"})
	case "setBreakpoints":
		if len(q.Arguments.Breakpoints) == 0 {
			return q.answer(map[string]any{"breakpoints": []any{}})
		}
		content := q.refuse(noBreakpoints)
		content["body"] = map[string]any{"breakpoints": []any{}} // JupyterLab reads it whatever the answer
		return content
	case "richInspectVariables":
		return k.richVariable(m, q)
	}
	return q.refuse(fmt.Sprintf("there is no %q: %s", q.Command, noBreakpoints))
}

// answer is the content of a reply that succeeds.
func (q debugRequest) answer(body map[string]any) map[string]any {
	if body == nil {
		body = map[string]any{}
	}
	return map[string]any{"status": "ok", "type": "response", "seq": q.Seq, "request_seq": q.Seq, "success": true, "command": q.Command, "body": body}
}

// refuse is the content of a reply that says why not.
func (q debugRequest) refuse(why string) map[string]any {
	content := refusal("NotImplementedError", why)
	content["type"], content["seq"], content["request_seq"], content["success"] = "response", q.Seq, q.Seq, false
	content["command"], content["message"], content["body"] = q.Command, why, map[string]any{}
	return content
}

// dumpedCell begins the names under which a debugger would know cells. No file has them.
const dumpedCell = "vgrad-cell-"

func (k *Kernel) debugInfo() map[string]any {
	return map[string]any{
		"isStarted": k.debugging.Load(), "richRendering": true, "copyToGlobals": false,
		"hashMethod": "Murmur2", "hashSeed": 0, "tmpFilePrefix": dumpedCell, "tmpFileSuffix": ".go",
		"breakpoints": []any{}, "stoppedThreads": []any{}, "exceptionPaths": []any{},
	}
}

// variables lists variables and constants, as the Debug Adapter Protocol has them.
func (k *Kernel) variables() []map[string]any {
	list := []map[string]any{}
	for _, v := range k.session.Who() {
		if v.Kind != "variable" && v.Kind != "constant" {
			continue
		}
		text := v.Text
		if text == "" {
			text = v.Note
		}
		kind := v.Type
		if v.Kind == "constant" {
			kind, _, _ = strings.Cut(kind, "=")
			kind = strings.TrimSpace("constant " + kind)
		}
		list = append(list, map[string]any{"name": v.Name, "type": viewType(kind, text), "value": text, "evaluateName": v.Name, "variablesReference": 0})
	}
	return list
}

// viewType is a type in the words of JupyterLab's variable view: its tree has the value only
// of an int, a float, a str and a bool, and of all else the type. It reads an int as a
// floating-point number, so a long one is left with its own type.
func viewType(kind, value string) string {
	switch kind {
	case "float64", "float32":
		return "float"
	case "string":
		return "str"
	case "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "byte", "rune":
		if len(value) <= 15 {
			return "int"
		}
	}
	return kind
}

// richVariable shows a variable as the result of a cell would. It runs between the cells.
func (k *Kernel) richVariable(m *messaging.Message, q debugRequest) map[string]any {
	name := q.Arguments.Name
	list := k.session.Who()
	at := slices.IndexFunc(list, func(v Variable) bool { return v.Name == name && (v.Kind == "variable" || v.Kind == "constant") })
	if at < 0 {
		return q.refuse(fmt.Sprintf("there is no variable %q", name))
	}
	if why := list[at].Note; why != "" {
		return q.answer(map[string]any{"data": map[string]string{"text/plain": why}, "metadata": map[string]any{}})
	}
	k.mu.Lock()
	e := k.quietExecution(m, k.count)
	k.current = e
	k.mu.Unlock()
	defer e.finish()
	result, err := e.evaluate(name)
	if err != nil {
		return q.refuse(cellError(err).Message)
	}
	return q.answer(map[string]any{"data": result.Data, "metadata": orNone(result.Metadata)})
}
