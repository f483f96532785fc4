"""jupyter_kernel_test against the kernel vgrad: one JSON object, test → outcome."""
import json, sys, unittest
import jupyter_kernel_test as jkt

jkt.TIMEOUT = 60


class Kernel(jkt.KernelTests):
    kernel_name = "vgrad"
    language_name = "go"
    file_extension = ".go"
    code_hello_world = 'fmt.Println("hello, world")'
    code_stderr = 'fmt.Fprintln(os.Stderr, "oops")'
    code_inspect_sample = "fmt.Println"
    code_display_data = [{"code": 'import "github.com/janpfeifer/gonb/gonbui"\ngonbui.DisplayHTML("<b>x</b>")\ngonbui.Sync()', "mime": "text/html"}]
    code_generate_error = "panic(1)"
    code_execute_result = [{"code": "6*7", "result": "42"}, {"code": 'x := "a"\nx + "b"', "result": '"ab"'}]
    code_history_pattern = "6?7*"
    supported_history_operations = ("tail", "range", "search")
    completion_samples = [{"text": "fmt.Printl", "matches": {"Println"}}, {"text": "strings.HasP", "matches": {"HasPrefix"}}]
    complete_code_samples = ["x := 1", "fmt.Println(1)", "func f() int {\n\treturn 1\n}\n"]
    incomplete_code_samples = ["for i := range 3 {", "x := `a", "fmt.Println("]
    invalid_code_samples = ["x := )"]
    code_page_something = "%help"
    code_clear_output = "%clear"


class Outcomes(unittest.TestResult):
    said = {}
    def addSuccess(self, test): self.said[test._testMethodName] = "pass"
    def fail(self, test, err): self.said[test._testMethodName] = "fail"; print(test._testMethodName, err[1], file=sys.stderr)
    addFailure = addError = fail
    def addSubTest(self, test, sub, err):
        if err: self.fail(test, err)
    def addSkip(self, test, reason): self.said[test._testMethodName] = "skip"


suite = unittest.defaultTestLoader.loadTestsFromTestCase(Kernel)
outcomes = Outcomes()
stdout, sys.stdout = sys.stdout, sys.stderr
suite.run(outcomes)
json.dump(outcomes.said, stdout)
