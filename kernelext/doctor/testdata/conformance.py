"""jupyter_kernel_test against the kernel vgrad: one JSON object, test → outcome."""
import json, sys, unittest
import jupyter_kernel_test as jkt

jkt.TIMEOUT = 30


class Kernel(jkt.KernelTests):
    kernel_name = "vgrad"
    language_name = "go"
    file_extension = ".go"
    code_hello_world = 'import "fmt"\n%%\nfmt.Println("hello, world")'
    code_stderr = 'import ("fmt"; "os")\n%%\nfmt.Fprintln(os.Stderr, "oops")'
    code_inspect_sample = 'import "fmt"\nfunc main() { fmt.Println() }'
    code_display_data = [{"code": 'import "github.com/janpfeifer/gonb/gonbui"\n%%\ngonbui.DisplayHTML("<b>x</b>")\ngonbui.Sync()', "mime": "text/html"}]
    code_generate_error = "%%\npanic(1)"
    code_execute_result = [{"code": "%%\n6*7", "result": "42"}]
    code_history_pattern = "1*"
    supported_history_operations = ("tail",)
    completion_samples = [{"text": "fmt.Printl", "matches": ["fmt.Println"]}]
    # No samples of complete code: GoNB does not reply, and the suite would wait for ever.
    code_page_something = "%help"
    code_clear_output = "%%\n"


class Outcomes(unittest.TestResult):
    said = {}
    def addSuccess(self, test): self.said[test._testMethodName] = "pass"
    def addFailure(self, test, err): self.said[test._testMethodName] = "fail"
    def addError(self, test, err): self.said[test._testMethodName] = "fail"
    def addSubTest(self, test, sub, err):
        if err: self.said[test._testMethodName] = "fail"
    def addSkip(self, test, reason): self.said[test._testMethodName] = "skip"


suite = unittest.defaultTestLoader.loadTestsFromTestCase(Kernel)
outcomes = Outcomes()
stdout, sys.stdout = sys.stdout, sys.stderr
suite.run(outcomes)
json.dump(outcomes.said, stdout)
