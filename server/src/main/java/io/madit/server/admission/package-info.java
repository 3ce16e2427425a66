/** May this request enter? */
package io.madit.server.admission;
