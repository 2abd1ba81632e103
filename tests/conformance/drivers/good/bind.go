// Copyright: (c) 2026, The nodeops.flexvolume maintainers
// GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// A volume is a directory of its own below /var/lib/conformance-go, named after the pod's uid and the volume, bound to the pod's directory and
// removed with it. Go's standard library and nothing else.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const base = "/var/lib/conformance-go"

type answer struct {
	Status       string          `json:"status"`
	Message      string          `json:"message,omitempty"`
	Capabilities map[string]bool `json:"capabilities,omitempty"`
}

func source(target string) (string, error) {
	parts := strings.Split(filepath.Clean(target), "/")
	if len(parts) < 5 {
		return "", errors.New("no directory of a pod")
	}
	return filepath.Join(base, parts[len(parts)-4]+"-"+parts[len(parts)-1]), nil
}

func isMounted(target string) bool {
	table, err := os.ReadFile("/proc/self/mountinfo")
	return err == nil && strings.Contains(string(table), " "+target+" ")
}

func mount(target, text string) error {
	options := map[string]string{}
	if err := json.Unmarshal([]byte(text), &options); err != nil {
		return err
	}
	from, err := source(target)
	if err != nil || isMounted(target) {
		return err
	}
	if uid := options["kubernetes.io/pod.uid"]; !strings.Contains(target, "/"+uid+"/") {
		return fmt.Errorf("the directory is not that of pod %q", uid)
	}
	if err := os.MkdirAll(from, 0o755); err != nil {
		return err
	}
	if err := syscall.Mount(from, target, "", syscall.MS_BIND, ""); err != nil {
		os.Remove(from)
		return err
	}
	if options["kubernetes.io/readwrite"] == "ro" {
		return syscall.Mount("", target, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, "")
	}
	return nil
}

func unmount(target string) error {
	if isMounted(target) {
		if err := syscall.Unmount(target, 0); err != nil {
			return err
		}
	}
	from, err := source(target)
	if err != nil {
		return nil
	}
	return os.RemoveAll(from)
}

func run(arguments []string) (answer, error) {
	switch {
	case len(arguments) == 1 && arguments[0] == "init":
		return answer{Capabilities: map[string]bool{
			"attach": false, "selinuxRelabel": false, "fsGroup": true, "requiresFSResize": false, "supportsMetrics": false}}, nil
	case len(arguments) == 3 && arguments[0] == "mount":
		return answer{}, mount(arguments[1], arguments[2])
	case len(arguments) == 2 && arguments[0] == "unmount":
		return answer{}, unmount(arguments[1])
	case len(arguments) > 0 && (arguments[0] == "mount" || arguments[0] == "unmount"):
		return answer{}, errors.New("wrong number of arguments")
	}
	return answer{Status: "Not supported"}, nil
}

func main() {
	said, err := run(os.Args[1:])
	if err != nil {
		said = answer{Status: "Failure", Message: err.Error()}
	} else if said.Status == "" {
		said.Status = "Success"
	}
	text, _ := json.Marshal(said)
	fmt.Println(string(text))
	if said.Status != "Success" {
		os.Exit(1)
	}
}
